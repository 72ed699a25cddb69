// The model file: one JSON object in UTF-8, compact, members in this order. The same model always
// gives the same bytes. Numbers are the shortest digits that read back as the same double.
//
//   format      "millrace-model"
//   version     1
//   algorithm   "logistic-regression", "linear-regression" or "boosted-trees"
//   task        "binary-classification" or "regression"
//   target      {name, classes}: classes are [negative, positive] for a classification, else []
//   features    [{name, kind}]: kind is "numeric", or "categorical" with "levels", a list of texts.
//               A categorical value is a code: its index in levels; any other text is the number of
//               levels ("other"), a missing value one more ("missing")
//   training    {rows, seed, parameters}: the seed as decimal digits in a text
//
// and for a linear model
//
//   intercept   number
//   terms       one for each feature, in their order:
//               numeric      {mean, scale, coefficient, missing}: adds coefficient times z, where z is
//                            (value - mean) / scale kept within +-1e12, or missing when there is none
//               categorical  {coefficients}: adds the one at the value's code
//
// or for boosted trees
//
//   base        number; what the trees' answers are added to, in their order
//   trees       [{feature, split, missing, left, right, leaf}]: node i looks at feature[i]. For a
//               numeric one split[i] is a number, and a value goes left when it is <= that; a missing
//               one goes left when missing[i] is true. For a categorical one split[i] is a list of
//               codes that go left (missing[i] repeats whether "missing" is among them). left[i] and
//               right[i] are the next node, above i, or -1 - k for leaf k, whose answer is leaf[k].
//               Node 0 is the root; a tree without nodes is its leaf 0
//
// The answer is the sum s; for a classification 1 / (1 + e^-s), the probability of the positive class.

package import Millrace

/// Names and bounds of the model file. What training makes is always within the bounds.
enum Portable {
    static let format = "millrace-model"
    static let version: Int64 = 1
    /// No number in a model is beyond this, so that no answer can overflow.
    static let largestNumber = 1e150
    static let byteCount = 64 << 20
    static let featureCount = 10_000
    static let levelCount = 1000
    /// The codes of a feature that trees divide, with "other" and "missing", fit one byte.
    static let treeLevelCount = 253
    static let treeCount = 5000
    static let leafCount = 200_000
}

extension Model {
    /// The model as a file's bytes.
    package var bytes: [UInt8] { json.bytes }

    package var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("format", .string(Portable.format)),
            .init("version", .integer(Portable.version)),
            .init("algorithm", .string(algorithm.rawValue)),
            .init("task", .string(task.rawValue)),
            .init(
                "target",
                [
                    "name": .string(target.name),
                    "classes": .array(target.classes.map { .string($0) }),
                ]),
            .init("features", .array(features.map(\.json))),
            .init(
                "training",
                [
                    "rows": .integer(Int64(training.rows)), "seed": .string("\(training.seed)"),
                    "parameters": training.parameters.json,
                ]),
        ]
        switch body {
        case .linear(let linear):
            members.append(.init("intercept", .number(linear.intercept)))
            members.append(.init("terms", .array(linear.terms.map(\.json))))
        case .trees(let boosted):
            members.append(.init("base", .number(boosted.base)))
            members.append(
                .init("trees", .array(boosted.trees.map { $0.json(features: features) })))
        }
        return .object(members)
    }
}

extension Feature {
    fileprivate var json: JSONValue {
        switch kind {
        case .numeric: ["name": .string(name), "kind": "numeric"]
        case .categorical(let levels):
            [
                "name": .string(name), "kind": "categorical",
                "levels": .array(levels.map { .string($0) }),
            ]
        }
    }
}

extension LinearModel.Term {
    fileprivate var json: JSONValue {
        switch self {
        case .numeric(let mean, let scale, let coefficient, let missing):
            [
                "mean": .number(mean), "scale": .number(scale), "coefficient": .number(coefficient),
                "missing": .number(missing),
            ]
        case .categorical(let coefficients):
            ["coefficients": .array(coefficients.map { .number($0) })]
        }
    }
}

extension Tree {
    fileprivate func json(features: [Feature]) -> JSONValue {
        let splits = nodes.map { node -> JSONValue in
            switch node.rule {
            case .threshold(let threshold, _): .number(threshold)
            case .codes(let codes): .array(codes.map { .integer(Int64($0)) })
            }
        }
        let missing = nodes.map { node -> JSONValue in
            switch node.rule {
            case .threshold(_, let missingGoesLeft): .bool(missingGoesLeft)
            case .codes(let codes): .bool(codes.contains(features[node.feature].missingCode))
            }
        }
        return [
            "feature": .array(nodes.map { .integer(Int64($0.feature)) }),
            "split": .array(splits),
            "missing": .array(missing),
            "left": .array(nodes.map { .integer(Int64($0.left)) }),
            "right": .array(nodes.map { .integer(Int64($0.right)) }),
            "leaf": .array(leaves.map { .number($0) }),
        ]
    }
}
