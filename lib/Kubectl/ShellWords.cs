using System.Text;

namespace KubeSim;

/// <summary>Cuts a command line into words as a shell does: blanks separate, single quotes take
/// everything as it is, double quotes all but <c>\"</c>, <c>\\</c> and <c>\$</c>; a backslash
/// outside of quotes takes the next letter as it is. No variables, no globs, no pipes.</summary>
internal static class ShellWords
{
    public static List<string> Split(string line)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case ' ' or '\t' or '\n' or '\r':
                    if (word is not null)
                    {
                        words.Add(word.ToString());
                        word = null;
                    }
                    break;
                case '\'' or '"':
                    i = Quoted(line, i, word ??= new());
                    break;
                case '\\' when i + 1 < line.Length:
                    i++;
                    if (line[i] != '\n')
                    {
                        (word ??= new()).Append(line[i]);
                    }
                    break;
                default:
                    (word ??= new()).Append(line[i]);
                    break;
            }
        }
        if (word is not null)
        {
            words.Add(word.ToString());
        }
        return words;
    }

    private static int Quoted(string line, int start, StringBuilder word)
    {
        var quote = line[start];
        for (var i = start + 1; i < line.Length; i++)
        {
            if (line[i] == quote)
            {
                return i;
            }
            if (quote == '"' && line[i] == '\\' && i + 1 < line.Length
                && line[i + 1] is '"' or '\\' or '$')
            {
                i++;
            }
            word.Append(line[i]);
        }
        throw new KubectlException(
            $"the command line has an opening {quote} without its closing one");
    }
}
