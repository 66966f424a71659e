"""What a question is, for each kind of question that there is."""
