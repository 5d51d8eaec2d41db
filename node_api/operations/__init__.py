"""Every route of the node, one table: each module here lists the operations of one chapter."""
