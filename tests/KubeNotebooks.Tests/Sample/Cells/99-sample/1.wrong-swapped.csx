// exercise: 99-sample/1  (3 points)
// says: You would create -3 pods
int Missing(int wanted, int there) => there - wanted;
Exercise.Check("99-sample/1", Missing)
