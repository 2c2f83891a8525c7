using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using LlmOperator.Gateway.Tests.Fakes;
using LlmOperator.PromptTrace.Tests.Fakes;
using LlmOperator.Testing;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlmOperator.Gateway.Tests.WholePath;

/// <summary>OpenAI's own client for JavaScript, unchanged, against gateway, sidecar and engine.</summary>
public sealed class OpenAiPackageTests
{
    private const string Package = "openai@6.49.0";
    private static readonly TimeSpan InstallTime = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan RunTime = TimeSpan.FromSeconds(40);

    [Fact]
    public async Task The_openai_package_works_unchanged()
    {
        var folder = await InstalledAsync();
        await using var bench = await Bench.StartAsync(bench =>
        {
            bench.PutEndpoint("chat");
            bench.PutKeys(("app", "right"));
            return Task.CompletedTask;
        });
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var pod = await TracedPod.StartAsync(bench, "chat", context => AnswerAsync(context, left));
        await bench.EventuallyAsync(
            () => bench.PostAsync("/v1/chat/completions", Bodies.Chat, request => request.Headers.Authorization = new("Bearer", "right")),
            answer => answer.IsSuccessStatusCode);
        var (code, said, complained) = await RunAsync(
            "node",
            [Path.Combine(folder, "client.mjs")],
            folder,
            RunTime,
            ("OPENAI_BASE_URL", new Uri(bench.Url, "/v1").AbsoluteUri),
            ("OPENAI_API_KEY", "right"));
        Assert.True(code == 0, complained);
        var seen = JsonNode.Parse(said)!;

        Assert.Equal(("hello there", 2), ((string)seen["chat"]!["text"]!, (int)seen["chat"]!["tokens"]!));
        Assert.Equal("hello there", (string)seen["stream"]!);
        Assert.Equal(["chat"], seen["models"]!.AsArray().Select(model => (string)model!));
        Assert.Equal("chat", (string)seen["model"]!);
        Assert.Equal([3, 3], seen["embeddings"]!.AsArray().Select(length => (int)length!));
        Assert.Equal(
            """{"model":{"type":"NotFoundError","status":404,"code":"model_not_found","param":"model"},"engine":{"type":"BadRequestError","status":400,"code":"context_length_exceeded","param":"messages"},"key":{"type":"AuthenticationError","status":401,"code":"invalid_api_key","param":null},"body":{"type":"BadRequestError","status":400,"code":"missing_required_parameter","param":"model"}}""",
            seen["errors"]!.ToJsonString());
        Assert.True((int)seen["aborted"]! >= 3); // What had come by then is still given out.

        // Aborting reaches the engine.
        await left.Task.WaitAsync(bench.Guard);
    }

    private static async Task AnswerAsync(HttpContext context, TaskCompletionSource left)
    {
        var body = JsonNode.Parse(await Bodies.ReadAsync(context))!;
        var prompt = (string?)body["messages"]?[0]?["content"];
        if (context.Request.Path == "/v1/embeddings")
        {
            await Answers.JsonAsync(context, """{"object":"list","model":"chat","data":[{"object":"embedding","index":0,"embedding":[1,2,3]},{"object":"embedding","index":1,"embedding":[4,5,6]}],"usage":{"prompt_tokens":2,"total_tokens":2}}""");
        }
        else if (prompt == "too long")
        {
            await Answers.JsonAsync(context, """{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}""", 400);
        }
        else if (prompt == "endless")
        {
            context.Response.ContentType = "text/event-stream";
            try
            {
                while (true)
                {
                    await Answers.EventAsync(context, Answers.Chunk("a"));
                    context.RequestAborted.ThrowIfCancellationRequested();
                    await Task.Yield();
                }
            }
            finally
            {
                left.TrySetResult();
            }
        }
        else if ((bool?)body["stream"] == true)
        {
            await Answers.StreamAsync(context, Answers.Chunk("hello"), Answers.Chunk(" there", "stop"), "[DONE]");
        }
        else
        {
            await Answers.JsonAsync(context, """{"id":"c","object":"chat.completion","created":1,"model":"chat","choices":[{"index":0,"message":{"role":"assistant","content":"hello there"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}""");
        }
    }

    /// <summary>A folder of this machine with the package and the script; the package is fetched once.</summary>
    private static async Task<string> InstalledAsync()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"llm-operator-{Package}");
        Directory.CreateDirectory(folder);
        var complaint = "";
        try
        {
            await RunAsync("node", ["--version"], folder, RunTime);
            if (!File.Exists(Path.Combine(folder, "node_modules", "openai", "package.json")))
            {
                (_, _, complaint) = await RunAsync("npm", ["install", Package, "--no-audit", "--no-fund", "--ignore-scripts"], folder, InstallTime);
            }
        }
        catch (Win32Exception)
        {
            Assert.Skip("Node.js (node and npm) is not installed");
        }

        Assert.SkipUnless(File.Exists(Path.Combine(folder, "node_modules", "openai", "package.json")), $"the npm package {Package} cannot be fetched: {complaint}");
        File.Copy(Path.Combine(SharedData.RepositoryRoot, "tests", "LlmOperator.Gateway.Tests", "WholePath", "openai-client.mjs"), Path.Combine(folder, "client.mjs"), overwrite: true);
        return folder;
    }

    private static async Task<(int Code, string Said, string Complained)> RunAsync(string program, IEnumerable<string> arguments, string folder, TimeSpan time, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var over = new CancellationTokenSource(time);
        var (said, complained) = (process.StandardOutput.ReadToEndAsync(CancellationToken.None), process.StandardError.ReadToEndAsync(CancellationToken.None));
        try
        {
            await process.WaitForExitAsync(over.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, "", $"{program} did not end within {time.TotalSeconds:0} s");
        }

        return (process.ExitCode, await said, await complained);
    }
}
