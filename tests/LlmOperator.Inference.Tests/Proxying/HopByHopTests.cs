using LlmOperator.Inference.Proxying;
using Xunit;

namespace LlmOperator.Inference.Tests.Proxying;

public sealed class HopByHopTests
{
    [Theory]
    [InlineData("transfer-encoding", null, true)]
    [InlineData("X-Hop", "X-Hop, close", true)]
    [InlineData("x-hop", "close,X-Hop", true)]
    [InlineData("X-Hop2", "X-Hop, close", false)]
    [InlineData("Content-Type", "", false)]
    public void A_header_of_the_connection_stays_behind(string name, string? connection, bool expected) => Assert.Equal(expected, HopByHop.Is(name, connection));
}
