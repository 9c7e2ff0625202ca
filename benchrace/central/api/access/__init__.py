"""Routes that give access: tokens, invitations, and machines that join."""
