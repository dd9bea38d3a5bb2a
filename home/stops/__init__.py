"""The pages on which a team, a gateway or everything is stopped and resumed, and that show what that holds up."""
