"""The wire between an agent and its central: messages, frames, and how each side resumes."""
