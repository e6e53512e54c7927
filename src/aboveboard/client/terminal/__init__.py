"""What a person is asked and told. Loaded only where somebody is there."""
