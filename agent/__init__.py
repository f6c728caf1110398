"""The half that turns facts into words and decisions, keeps them and delivers them."""
