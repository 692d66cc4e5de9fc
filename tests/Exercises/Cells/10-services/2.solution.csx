// why: from ndots dots on a name is taken for whole; a dot at its end says it for sure
// exercise: 10-services/2  (3 points)
// The names that are asked for, in order, as long as nobody knows them; none ends in a dot.
Exercise.Check("10-services/2", IEnumerable<string> (
    string name, IReadOnlyList<string> search, int ndots) =>
{
    if (name.EndsWith('.')) return [name.TrimEnd('.')];
    var searched = search.Select(s => $"{name}.{s}");
    return name.Count(c => c == '.') < ndots ? searched.Append(name) : searched.Prepend(name);
})
