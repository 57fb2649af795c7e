"""One file per claim; `course.claims.ledger` lists them in the overview's order."""
