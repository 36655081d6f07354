"""Faces and voices of people who lend their likeness: measures them, and judges the captures they enrol with."""
