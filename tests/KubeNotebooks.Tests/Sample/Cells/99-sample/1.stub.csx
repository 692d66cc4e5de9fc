// exercise: 99-sample/1  (3 points)
int Missing(int wanted, int there) => Todo.Of<int>();   // YOUR CODE
Exercise.Check("99-sample/1", Missing)
