"""What all features stand on: interactions, answers, buttons, dialogs, rights and limits."""
