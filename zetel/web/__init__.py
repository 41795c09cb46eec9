"""The front door for people: function views and forms, one file per noun."""
