// An open page refreshes itself.
