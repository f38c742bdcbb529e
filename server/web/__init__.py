"""Everything that knows HTTP: routes, guards, CORS, sockets, pages. No handler touches the database."""
