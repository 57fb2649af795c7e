"""Other formats of quizzes, one file each."""
