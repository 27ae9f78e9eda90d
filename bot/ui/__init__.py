"""What people see and press: cards, pictures, buttons, dialogs, and how errors are told."""
