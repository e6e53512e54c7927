"""The ClickHouse behind the warehouse: embedded, or a server by URL, behind one interface."""
