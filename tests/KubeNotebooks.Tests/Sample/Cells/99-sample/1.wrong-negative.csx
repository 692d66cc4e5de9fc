// exercise: 99-sample/1  (3 points)
// says: nothing is to be created
int Missing(int wanted, int there) => wanted - there;
Exercise.Check("99-sample/1", Missing)
