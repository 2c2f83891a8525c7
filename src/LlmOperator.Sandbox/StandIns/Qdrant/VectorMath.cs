using System.Numerics;
using System.Runtime.InteropServices;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>How near vectors are.</summary>
internal static class VectorMath
{
    public static void Normalise(float[] vector)
    {
        var norm = MathF.Sqrt(Dot(vector, vector));
        for (var i = 0; i < vector.Length && norm > 0; i++)
        {
            vector[i] /= norm;
        }
    }

    public static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var lefts = MemoryMarshal.Cast<float, Vector<float>>(left);
        var rights = MemoryMarshal.Cast<float, Vector<float>>(right);
        var sums = Vector<float>.Zero;
        for (var i = 0; i < lefts.Length; i++)
        {
            sums += lefts[i] * rights[i];
        }

        var sum = Vector.Sum(sums);
        for (var i = lefts.Length * Vector<float>.Count; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }

    /// <summary>How well two vectors match: larger is better, whatever the distance.</summary>
    public static double Match(string distance, float[] left, float[] right) => distance switch
    {
        "Euclid" => -Math.Sqrt(left.Zip(right, static (a, b) => (double)(a - b) * (a - b)).Sum()),
        "Manhattan" => -left.Zip(right, static (a, b) => Math.Abs((double)a - b)).Sum(),
        _ => Dot(left, right),
    };

    /// <summary>Whether a distance is shown as one: smaller is nearer.</summary>
    public static bool IsDistance(string distance) => distance is "Euclid" or "Manhattan";

    /// <summary>Sum over common indices, which are sorted; null when there are none.</summary>
    public static double? Sparse(uint[] leftIndices, float[] leftWeights, uint[] rightIndices, float[] rightWeights)
    {
        double? sum = null;
        for (var (i, j) = (0, 0); i < leftIndices.Length && j < rightIndices.Length;)
        {
            if (leftIndices[i] == rightIndices[j])
            {
                sum = (sum ?? 0) + ((double)leftWeights[i++] * rightWeights[j++]);
            }
            else if (leftIndices[i] < rightIndices[j])
            {
                i++;
            }
            else
            {
                j++;
            }
        }

        return sum;
    }
}
