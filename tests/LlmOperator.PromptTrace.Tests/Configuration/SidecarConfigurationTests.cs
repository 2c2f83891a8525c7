using System.Text;
using LlmOperator.Inference.Redaction;
using LlmOperator.Inference.Tracing;
using LlmOperator.PromptTrace.Configuration;
using Xunit;

namespace LlmOperator.PromptTrace.Tests.Configuration;

public sealed class SidecarConfigurationTests
{
    [Fact]
    public void The_address_of_the_engine_is_enough()
    {
        var options = Parse("""{"engine":{"url":"http://127.0.0.1:8000"}}""");

        Assert.Equal(8000, options.Engine.Port);
        Assert.False(options.CaptureContent);
        Assert.Equal(Redactor.AllKinds, options.Redact);
        Assert.Empty(options.Exporters);
    }

    [Fact]
    public void Everything_that_is_wrong_is_told_at_once()
    {
        var error = Assert.Throws<ConfigurationException>(() => Parse("""
            {"listen":"8080","engine":{"url":"http://example.com:80","type":"gpt","healthPath":"health","answerTimeoutSeconds":-1},
             "trace":{"sampleRate":2,"redact":["Email","Shoes"],"redactPatterns":["(a","(?=x)"],"requestBytes":1},"spool":{"maxBytes":5},
             "exporters":[{"name":"A b","url":"ftp://x"},{"name":"a","url":"http://x","type":"Zipkin"},{"name":"b","url":"http://x","apiKeyEnv":"NONE","encoding":"xml"},{"name":"c","url":"http://x"},{"name":"c","url":"http://y"}],
             "shutdown":{"graceSeconds":-5}}
            """));

        string[] fields = ["listen", "engine.url", "engine.type", "engine.healthPath", "engine.answerTimeoutSeconds", "trace.sampleRate", "trace.redact[1]", "trace.redactPatterns[0]", "trace.redactPatterns[1]",
            "trace.requestBytes", "spool.maxBytes", "exporters[0].name", "exporters[0].url", "exporters[1].type", "exporters[2].apiKeyEnv", "exporters[2].encoding", "exporters[4].name", "shutdown.graceSeconds"];
        Assert.All(fields, field => Assert.Contains(error.Problems, problem => problem.StartsWith(field, StringComparison.Ordinal)));
        Assert.Equal(fields.Length, error.Problems.Count);
    }

    [Theory]
    [InlineData("""{"engin":{}}""", "engin")]
    [InlineData("""{"engine":{"url":5}}""", "$.engine.url")]
    [InlineData("{", "$")]
    public void A_file_that_cannot_be_read_is_told_where(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ConfigurationException>(() => Parse(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("OTLP", "http://tempo:4318", "http://tempo:4318/v1/traces", "Bearer pk:sk")]
    [InlineData("OTLP", "https://otel.example.com/base/v1/traces", "https://otel.example.com/base/v1/traces", "Bearer pk:sk")]
    [InlineData("Opik", "http://opik:5173", "http://opik:5173/api/v1/private/otel/v1/traces", "pk:sk")]
    [InlineData("Opik", "https://www.comet.com", "https://www.comet.com/opik/api/v1/private/otel/v1/traces", "pk:sk")]
    [InlineData("Opik", "https://www.comet.com/opik/api/v1/private/otel", "https://www.comet.com/opik/api/v1/private/otel/v1/traces", "pk:sk")]
    [InlineData("Langfuse", "https://cloud.langfuse.com/", "https://cloud.langfuse.com/api/public/otel/v1/traces", "Basic cGs6c2s=")]
    public void Exporters_have_the_path_and_the_credentials_of_their_kind(string type, string url, string address, string authorization)
    {
        var exporter = Assert.Single(Parse($$"""
            {"engine":{"url":"http://127.0.0.1:8000"},"exporters":[{"name":"x","type":"{{type}}","url":"{{url}}","apiKeyEnv":"KEY","headersEnv":"HEADERS","headers":{"X-Scope":"t"},"workspace":"w","project":"p","encoding":"json"}]}
            """).Exporters);

        Assert.Equal(address, exporter.Receiver.Address.ToString());
        Assert.Equal(authorization, exporter.Receiver.Headers["Authorization"]);
        Assert.Equal(("t", "v 1"), (exporter.Receiver.Headers["X-Scope"], exporter.Receiver.Headers["x-more"]));
        Assert.Equal(type == "Opik", exporter.Receiver.Headers.ContainsKey("Comet-Workspace") && exporter.Receiver.Headers.ContainsKey("projectName"));
        Assert.IsType<OtlpJson>(exporter.Receiver.Encoding);
    }

    private static SidecarOptions Parse(string json) => SidecarConfiguration.Parse(Encoding.UTF8.GetBytes(json), name => name switch
    {
        "KEY" => "pk:sk",
        "HEADERS" => "x-more=v%201, x-other=2",
        _ => null,
    });
}
