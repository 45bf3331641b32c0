"""A class: an exercise for each student of a roster, and their grades for the gradebook."""
