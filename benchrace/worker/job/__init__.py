"""One job: lanes, rounds, verdicts and the journal."""
