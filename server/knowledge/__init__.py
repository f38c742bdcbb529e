"""What a tenant's agents know: importing it from files, keeping it, and finding the passage that answers a question."""
