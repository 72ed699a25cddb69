/// A binary tree that turns the values of a row into a number.
package struct Tree: Hashable, Sendable {
    package enum Rule: Hashable, Sendable {
        /// Left when value <= threshold; a missing value has a side of its own.
        case threshold(Double, missingGoesLeft: Bool)
        /// Left when the code is one of these, in rising order; right for any other. The code after
        /// the last level stands for levels that the model does not know, the next for missing.
        case codes([Int])
    }

    package struct Node: Hashable, Sendable {
        package var feature: Int
        package var rule: Rule
        /// A node's index, or the complement (~) of a leaf's index. A child node's index is above
        /// its parent's.
        package var left: Int
        package var right: Int
    }

    /// The root first; empty for a tree that is a single leaf.
    package var nodes: [Node]
    package var leaves: [Double]
}

/// Trees laid out for answering: one array for all nodes, leaf values beside them.
struct Forest: Sendable {
    private struct Node {
        /// The threshold, or for a categorical node the position of its codes' bits.
        var threshold: Double
        var left: Int32
        var right: Int32
        var feature: Int32
        /// 0: missing goes right; 1: missing goes left; 2: categorical.
        var kind: Int32
    }

    private var nodes: [Node] = []
    private var leaves: [Double] = []
    private var roots: [Int32] = []
    /// Four words of bits for each categorical node: codes are below 256.
    private var bits: [UInt64] = []

    init(_ trees: [Tree]) {
        for tree in trees {
            let firstNode = nodes.count
            let firstLeaf = leaves.count
            func place(_ child: Int) -> Int32 {
                Int32(child >= 0 ? child + firstNode : ~(~child + firstLeaf))
            }
            roots.append(place(tree.nodes.isEmpty ? ~0 : 0))
            for node in tree.nodes {
                var placed = Node(
                    threshold: 0, left: place(node.left), right: place(node.right),
                    feature: Int32(node.feature), kind: 2)
                switch node.rule {
                case .threshold(let threshold, let missingGoesLeft):
                    placed.threshold = threshold
                    placed.kind = missingGoesLeft ? 1 : 0
                case .codes(let codes):
                    placed.threshold = Double(bits.count)
                    bits += [0, 0, 0, 0]
                    for code in codes { bits[bits.count - 4 + code / 64] |= 1 << UInt64(code % 64) }
                }
                nodes.append(placed)
            }
            leaves += tree.leaves
        }
    }

    /// The sum of the trees' answers for each row, in the order of the trees.
    ///
    /// - Parameters:
    ///   - rows: row after row, a value for each feature; categorical values as their codes.
    ///   - sums: begins with what the sum begins with.
    func add(_ rows: [Double], featureCount: Int, to sums: inout [Double]) {
        nodes.withUnsafeBufferPointer { nodes in
            rows.withUnsafeBufferPointer { rows in
                for root in roots {
                    var start = 0
                    for index in sums.indices {
                        var place = root
                        while place >= 0 {
                            let node = nodes[Int(place)]
                            let value = rows[start &+ Int(node.feature)]
                            place = goesLeft(node, value) ? node.left : node.right
                        }
                        sums[index] += leaves[Int(~place)]
                        start &+= featureCount
                    }
                }
            }
        }
    }

    @inline(__always)
    private func goesLeft(_ node: Node, _ value: Double) -> Bool {
        if node.kind == 2 {
            let code = Int(value)
            return bits[Int(node.threshold) &+ code &>> 6] &>> UInt64(code & 63) & 1 == 1
        }
        return value <= node.threshold || (node.kind == 1 && value.isNaN)
    }
}
