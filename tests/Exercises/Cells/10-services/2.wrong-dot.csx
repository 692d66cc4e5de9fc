// exercise: 10-services/2  (3 points)
// says: the dot at its end says that it is whole
// The names that are asked for, in order, as long as nobody knows them; none ends in a dot.
Exercise.Check("10-services/2", IEnumerable<string> (
    string name, IReadOnlyList<string> search, int ndots) =>
{
    var searched = search.Select(s => $"{name.TrimEnd('.')}.{s}");
    return name.Count(c => c == '.') < ndots
        ? searched.Append(name.TrimEnd('.')) : searched.Prepend(name);
})
