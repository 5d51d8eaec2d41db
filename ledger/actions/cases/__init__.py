"""Cases: from receipt to delivery, in one province or several."""
