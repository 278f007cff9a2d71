"""SSH signatures: verified in process, made by key file or agent."""
