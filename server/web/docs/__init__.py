"""The documentation the server shows under /docs: pages written in Markdown, and the reference of the API."""
