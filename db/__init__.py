"""The store of facts: tables, sessions and the verbs that read and write them."""
