using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Tests;

public sealed class TrimmingTests
{
    [Fact]
    public void Nothing_that_is_published_trimmed_adds_to_a_JSON_array_by_reflection() => Assert.Empty(ReflectiveJson.Assemblies());
}
