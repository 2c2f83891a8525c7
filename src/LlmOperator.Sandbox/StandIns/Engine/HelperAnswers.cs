using System.Buffers;
using System.Text.RegularExpressions;

namespace LlmOperator.Sandbox.StandIns.Engine;

/// <summary>
/// What a model answers that helps with retrieval: to be asked who somebody says they are, and for other wordings of a question. A quote of the prompt would be searched for as if it were a question, and name nobody, so that
/// these two are played by simple rules.
/// </summary>
internal static partial class HelperAnswers
{
    // Examples come before the question that waits for its answer.
    private const string Question = "\nQUESTION:";
    private const string Answer = "\nANSWER:";

    private static readonly string[] Frames = ["What should one know about {0}?", "{0}: reasons, examples and pitfalls", "An introduction to {0}", "How does one go about {0}?"];

    private static readonly string[] TurkishFrames = ["{0} konusunda ne bilinmeli?", "{0}: nedenleri, örnekleri ve tuzakları", "{0} konusuna giriş", "{0} için nereden başlanır?"];

    private static readonly SearchValues<char> TurkishLetters = SearchValues.Create("çğışöüÇĞİŞÖÜ");

    // Words that say nothing of what is asked.
    private static readonly HashSet<string> Fillers = new(
        "a about am an and are as at be by can could do does for from give has have how i in into is it its let me my name of on or our please post tell that the their this to us was we what when which who why will with would write you your "
        .Split(' ', StringSplitOptions.RemoveEmptyEntries).Concat("adım ama bana ben benim bir bize bu da de gibi hakkında için ile ise kadar mı mi mu mü nasıl ne neden neler nelere nedir olan olarak şu ve veya yaz yazı yazın ya".Split(' ')), StringComparer.OrdinalIgnoreCase);

    /// <summary>The answer to a prompt of these two kinds; null for any other.</summary>
    public static string? To(string prompt)
    {
        var text = prompt.TrimEnd();
        if (text.EndsWith(Answer, StringComparison.Ordinal) && text.LastIndexOf(Question, StringComparison.Ordinal) is var at and >= 0)
        {
            return Named().Match(text, at + Question.Length, text.Length - Answer.Length - at - Question.Length) is { Success: true } named ? named.Groups["name"].Value : "none";
        }

        return Expansion().Match(text) is { Success: true } expansion
            ? string.Join($" {expansion.Groups["mark"].Value} ", Rewrites(expansion.Groups["query"].Value).Take(Math.Min(int.Parse(expansion.Groups["count"].Value, System.Globalization.CultureInfo.InvariantCulture), Frames.Length)))
            : null;
    }

    private static IEnumerable<string> Rewrites(string query)
    {
        var words = Words().Matches(Named().Replace(query, "")).Select(word => word.Value).Where(word => !Fillers.Contains(word)).Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        var topic = words.Count > 0 ? string.Join(' ', words) : query.Trim().TrimEnd('?', '.', '!');
        return (topic.AsSpan().ContainsAny(TurkishLetters) ? TurkishFrames : Frames).Select(frame => string.Format(System.Globalization.CultureInfo.InvariantCulture, frame, topic));
    }

    [GeneratedRegex(@"Write (?<count>\d{1,2}) different versions .*?'(?<mark>#[\w-]+#)'.*?\nOriginal question: (?<query>.*)$", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Expansion();

    [GeneratedRegex(@"\b(?:[Mm]y name is|[Mm]y (?:user )?id is|I am|I'm|[Aa]dım|[Bb]en)\s+(?<name>\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\p{Lu}[\p{L}'-]*(?:[ ]\p{Lu}[\p{L}'-]*){0,3})\b", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Named();

    [GeneratedRegex(@"[\p{L}\p{Nd}][\p{L}\p{Nd}'-]*", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
