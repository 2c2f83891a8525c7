using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Inference.Redaction;
using Xunit;

namespace LlmOperator.Inference.Tests.Redaction;

public sealed class RedactorTests
{
    private static readonly Redactor All = new(Redactor.AllKinds);

    [Theory]
    [InlineData("Write to ayşe.yılmaz+news@posta.example.com.tr, please.", "Write to [Email], please.")]
    [InlineData("<a@b.co>", "<[Email]>")]
    [InlineData("Pay with 4111 1111 1111 1111 today", "Pay with [CreditCard] today")]
    [InlineData("card:5555-5555-5555-4444;", "card:[CreditCard];")]
    [InlineData("378282246310005", "[CreditCard]")]
    [InlineData("IBAN TR33 0006 1005 1978 6457 8413 26.", "IBAN [Iban].")]
    [InlineData("DE89370400440532013000", "[Iban]")]
    [InlineData("kimlik 10000000146 idi", "kimlik [TurkishNationalId] idi")]
    [InlineData("Ara: +90 532 123 45 67", "Ara: [Phone]")]
    [InlineData("0532 123 45 67 ya da 05321234567", "[Phone] ya da [Phone]")]
    [InlineData("Call (212) 555-0142 or 212-555-0142 or +1 (212) 555-0142.", "Call [Phone] or [Phone] or [Phone].")]
    [InlineData("from 192.168.10.1:8080", "from [IpAddress]:8080")]
    [InlineData("ping 2001:db8::8a2e:370:7334 now", "ping [IpAddress] now")]
    [InlineData("token hf_abcdefghijklmnopqrstuvwxyz012345 end", "token [ApiKey] end")]
    [InlineData("key sk-proj-abcdefghijklmnop0123456789", "key [ApiKey]")]
    [InlineData("AKIAIOSFODNN7EXAMPLE", "[ApiKey]")]
    [InlineData("Authorization: Bearer abcdef0123456789abcdef", "Authorization: Bearer [ApiKey]")]
    [InlineData("password = \"hunter2hunter2\"", "password = \"[ApiKey]\"")]
    [InlineData("şifre: gizli123", "şifre: [ApiKey]")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "[ApiKey]")]
    [InlineData("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- done", "[ApiKey] done")]
    [InlineData("-----BEGIN PRIVATE KEY-----\nMIIE cut", "[ApiKey]")]
    public void What_should_not_leave_is_blotted_out(string text, string expected) => Assert.Equal(expected, All.Redact(text));

    [Theory]
    [InlineData("In 2024 it cost 1,234,567.89 EUR for 12345678 people")]
    [InlineData("version 10.0.14-preview of 2026-11-21 at 12:34:56")]
    [InlineData("4111 1111 1111 1112")]
    [InlineData("10000000147")]
    [InlineData("TR34 0006 1005 1978 6457 8413 26 is one digit off")]
    [InlineData("@mention and a@b and user@")]
    [InlineData("1.2.3 and 1.2.3.4.5 and ::")]
    [InlineData("sk-short and task-force-nine")]
    [InlineData("0123456789abcdef0123456789abcdef01234567")]
    [InlineData("Merhaba dünya, nasılsın? 🙂")]
    [InlineData("")]
    public void What_looks_alike_stays(string text) => Assert.Equal(text, All.Redact(text));

    [Fact]
    public void Only_the_kinds_asked_for_are_blotted_out()
    {
        var redactor = new Redactor([RedactionKind.Email]);

        Assert.Equal("[Email] 4111 1111 1111 1111 hf_abcdefghijklmnopqrstuvwxyz012345", redactor.Redact("a@b.example 4111 1111 1111 1111 hf_abcdefghijklmnopqrstuvwxyz012345"));
    }

    [Fact]
    public void Patterns_of_the_users_own_are_blotted_out() => Assert.Equal("order [Custom]", new Redactor([], ["ORD-[0-9]{6}"]).Redact("order ORD-123456"));

    [Fact]
    public void A_pattern_that_could_take_for_ever_is_refused() => Assert.ThrowsAny<Exception>(() => new Redactor([], [@"(a+)\1"]));

    [Fact]
    public void Any_text_can_be_read_and_a_second_time_changes_nothing() => Prop.ForAll<string?>(text =>
    {
        var once = All.Redact(text ?? "");
        return All.Redact(once) == once;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_secret_is_found_whatever_stands_around_it() => Prop.ForAll<string?, string?>((before, after) =>
        !All.Redact($"{before} 4111 1111 1111 1111 ; {after}").Contains("1111 1111 1111", StringComparison.Ordinal)).QuickCheckThrowOnFailure();
}
