"""From trained parameters (.npz) to the overlay's parameter folder. numpy only, Python 2.7 and 3."""
