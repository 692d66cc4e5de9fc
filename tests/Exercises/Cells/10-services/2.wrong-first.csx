// exercise: 10-services/2  (3 points)
// says: For web with ndots:5 the resolver asks otherwise
// The names that are asked for, in order, as long as nobody knows them; none ends in a dot.
Exercise.Check("10-services/2", IEnumerable<string> (
    string name, IReadOnlyList<string> search, int ndots) =>
{
    if (name.EndsWith('.')) return [name.TrimEnd('.')];
    return search.Select(s => $"{name}.{s}").Prepend(name);
})
