"""Impact evaluation: locked plans, the panels they ask for, and what came of them."""
