"""What a person, a browser or a CI job reads: HTML, JUnit and the pictures that go with them."""
