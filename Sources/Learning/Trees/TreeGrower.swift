/// Grows one tree at a time, always dividing the leaf that gains most.
final class TreeGrower {
    /// A leaf of the tree that is being grown.
    private struct Leaf {
        var range: Range<Int>
        var sums: GradientScale.Pair
        var depth: Int
        /// Present while the leaf may still be divided.
        var histogram: Histogram?
        var split: Split?
        /// Whose child it is; nil for the root.
        var parent: (node: Int, isLeft: Bool)?
    }

    struct Grown {
        let tree: Tree
        /// For each leaf its stretch of the partition's rows.
        let ranges: [Range<Int>]
    }

    private let table: BinnedTable
    private let partition: RowPartition
    private let builder: HistogramBuilder
    private let parameters: TrainingParameters
    private var free: [Histogram] = []

    var rows: Buffer<UInt32> { partition.rows }

    init(
        table: BinnedTable, gradients: Buffer<GradientScale.Pair>, parameters: TrainingParameters,
        pool: WorkerPool
    ) {
        self.table = table
        self.parameters = parameters
        partition = RowPartition(table: table, pool: pool)
        builder = HistogramBuilder(table: table, gradients: gradients, pool: pool)
    }

    /// - Parameter columns: those that the tree may use.
    func grow(scale: GradientScale, columns: [Int]) -> Grown {
        let search = SplitSearch(
            table: table, scale: scale, l2: parameters[.l2],
            minimumRows: parameters.int(.minimumRowsPerLeaf),
            minimumHessian: parameters[.minimumHessian])
        let limit = parameters.int(.leaves)
        partition.reset()
        var nodes: [Tree.Node] = []
        var leaves = [root()]
        evaluate(&leaves[0], search, columns)
        while leaves.count < limit, let best = bestLeaf(leaves), let split = leaves[best].split {
            let parent = leaves[best]
            nodes.append(node(split))
            hang(nodes.count - 1, on: parent.parent, in: &nodes)
            let middle =
                parent.range.lowerBound + partition.divide(parent.range, by: split)
            var left = Leaf(
                range: parent.range.lowerBound..<middle, sums: split.left, depth: parent.depth + 1,
                parent: (nodes.count - 1, true))
            var right = Leaf(
                range: middle..<parent.range.upperBound, sums: split.right,
                depth: parent.depth + 1, parent: (nodes.count - 1, false))
            if leaves.count + 1 < limit {
                share(parent, &left, &right)
                evaluate(&left, search, columns)
                evaluate(&right, search, columns)
            }
            nodes[nodes.count - 1].left = ~best
            nodes[nodes.count - 1].right = ~leaves.count
            leaves[best] = left
            leaves.append(right)
        }
        free += leaves.compactMap(\.histogram)
        let rate = parameters[.learningRate]
        let values = leaves.map { scale.sums($0.sums).value(search.l2) * rate + 0 }
        return Grown(tree: Tree(nodes: nodes, leaves: values), ranges: leaves.map(\.range))
    }

    private func root() -> Leaf {
        let histogram = free.popLast() ?? Histogram(binTotal: table.binTotal)
        builder.fill(histogram, rows: partition.rows.base, count: table.rowCount)
        // Every row is in exactly one bin of the first column.
        var sums = GradientScale.Pair.zero
        if let first = table.columns.first {
            for bin in 0..<first.binCount { sums &+= histogram.sums.base[first.offset + bin] }
        }
        return Leaf(range: 0..<table.rowCount, sums: sums, depth: 0, histogram: histogram)
    }

    /// Finds the leaf's best split, and gives its histogram back when there is none.
    private func evaluate(_ leaf: inout Leaf, _ search: SplitSearch, _ columns: [Int]) {
        guard let histogram = leaf.histogram else { return }
        if canDivide(leaf) {
            leaf.split = search.best(histogram, total: leaf.sums, columns: columns)
        }
        if leaf.split == nil {
            free.append(histogram)
            leaf.histogram = nil
        }
    }

    private func canDivide(_ leaf: Leaf) -> Bool {
        leaf.depth < parameters.int(.maximumDepth)
            && leaf.range.count >= 2 * parameters.int(.minimumRowsPerLeaf)
    }

    /// Sums the smaller child's rows; the larger child's histogram is the parent's minus that.
    private func share(_ parent: Leaf, _ left: inout Leaf, _ right: inout Leaf) {
        guard let histogram = parent.histogram else { return }
        guard canDivide(left) || canDivide(right) else {
            free.append(histogram)
            return
        }
        let small = free.popLast() ?? Histogram(binTotal: table.binTotal)
        let isLeftSmall = left.range.count <= right.range.count
        let range = isLeftSmall ? left.range : right.range
        builder.fill(small, rows: partition.rows.base + range.lowerBound, count: range.count)
        histogram.subtract(small, from: histogram)
        left.histogram = isLeftSmall ? small : histogram
        right.histogram = isLeftSmall ? histogram : small
    }

    private func bestLeaf(_ leaves: [Leaf]) -> Int? {
        var best: Int?
        for (index, leaf) in leaves.enumerated() {
            guard let gain = leaf.split?.gain else { continue }
            if gain > best.flatMap({ leaves[$0].split?.gain }) ?? 0 { best = index }
        }
        return best
    }

    /// Puts a new node where its leaf hung.
    private func hang(
        _ node: Int, on parent: (node: Int, isLeft: Bool)?, in nodes: inout [Tree.Node]
    ) {
        guard let parent else { return }
        if parent.isLeft {
            nodes[parent.node].left = node
        } else {
            nodes[parent.node].right = node
        }
    }

    private func node(_ split: Split) -> Tree.Node {
        let column = table.columns[split.column]
        let rule: Tree.Rule =
            switch split.rule {
            case .upTo(let bin, let missingGoesLeft):
                // Past the last threshold: everything that is there, as against what is missing.
                .threshold(
                    bin < column.thresholds.count
                        ? column.thresholds[bin] : .greatestFiniteMagnitude,
                    missingGoesLeft: missingGoesLeft)
            case .bins(let bins): .codes(bins)
            }
        return Tree.Node(feature: split.column, rule: rule, left: ~0, right: ~0)
    }
}
