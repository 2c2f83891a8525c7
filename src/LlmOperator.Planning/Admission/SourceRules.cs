using System.Text.RegularExpressions;
using LlmOperator.Api.Models;
using LlmOperator.Planning.Engines;

namespace LlmOperator.Planning.Admission;

/// <summary>Names that no registry could have: nobody need be asked to know that nothing lies there.</summary>
internal static class SourceRules
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    // docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html; stores of others are less strict, but have these too as a rule.
    private static readonly Regex Bucket = new(@"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z", Linear);
    private static readonly Regex Address = new(@"^[0-9]{1,3}(?:\.[0-9]{1,3}){3}\z", Linear);
    private static readonly Regex BucketElsewhere = new(@"^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]\z", Linear);
    private static readonly Regex Region = new(@"^[a-z0-9]+(?:-[a-z0-9]+)*\z", Linear);

    /// <summary>All rules that are broken, of the model and its adapters.</summary>
    public static IEnumerable<FieldError> Check(LlmModelSpec spec) =>
        Check("spec.source", spec.Source).Concat((spec.Adapters ?? []).SelectMany((adapter, index) => Check($"spec.adapters[{index}].source", adapter.Source)));

    private static IEnumerable<FieldError> Check(string field, ModelSource source)
    {
        if (source.S3 is { } s3)
        {
            var isValid = s3.Endpoint is null
                ? Bucket.IsMatch(s3.Bucket) && !s3.Bucket.Contains("..", StringComparison.Ordinal) && !Address.IsMatch(s3.Bucket)
                : BucketElsewhere.IsMatch(s3.Bucket);
            if (!isValid)
            {
                yield return FieldError.Invalid(
                    $"{field}.s3.bucket", $"\"{s3.Bucket}\"", "a bucket has 3 to 63 small letters, digits, dots and hyphens, begins and ends with a letter or digit and is no address: give its name alone, without s3:// and without a path, which is prefix");
            }

            if (s3.Region is { } region && !Region.IsMatch(region))
            {
                yield return FieldError.Invalid($"{field}.s3.region", $"\"{region}\"", "a region is written as eu-central-1: correct it, or leave it out for the operator's own");
            }
        }

        if (source.Oci is { Image: { } image } && !ImageNames.IsValid(image))
        {
            yield return FieldError.Invalid($"{field}.oci.image", $"\"{image}\"", "this is no name of an image: write it as registry/name:tag, without blanks, without oci:// and with small letters in the name");
        }
    }
}
