"""Pictures: reading, squaring, sheets, and the last stages from network output to what people see."""
