// why: a negative difference asks for deletions, which is another question
// exercise: 99-sample/1  (3 points)
int Missing(int wanted, int there) => Math.Max(0, wanted - there);
Exercise.Check("99-sample/1", Missing)
