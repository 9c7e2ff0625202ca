"""What both servers share at their edge: guard, problems as JSON, serving, live logs."""
