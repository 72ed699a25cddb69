/// Reads the trees of a model file.
func readTrees(
    _ reader: ModelReader, features: [Feature]
) throws(LearningError) -> [Tree] {
    for feature in features where feature.levelCount > Portable.treeLevelCount {
        throw reader.refusal(
            "cannot be: \"\(feature.name)\" has more than \(Portable.treeLevelCount) levels")
    }
    var trees: [Tree] = []
    var leafCount = 0
    for element in try reader.elements(limit: Portable.treeCount) {
        let tree = try readTree(element, features: features)
        leafCount += tree.leaves.count
        guard leafCount <= Portable.leafCount else {
            throw reader.refusal("have more than \(Portable.leafCount) leaves")
        }
        trees.append(tree)
    }
    return trees
}

private func readTree(
    _ reader: ModelReader, features: [Feature]
) throws(LearningError) -> Tree {
    let leafList = try reader.member("leaf")
    var leaves: [Double] = []
    for leaf in try leafList.elements(limit: Portable.leafCount) {
        leaves.append(try leaf.number())
    }
    guard !leaves.isEmpty else { throw leafList.refusal("is empty") }
    let count = leaves.count - 1
    func column(_ key: String) throws(LearningError) -> [ModelReader] {
        let list = try reader.member(key)
        let elements = try list.elements(limit: Portable.leafCount)
        guard elements.count == count else {
            throw list.refusal("has \(elements.count) elements for \(leaves.count) leaves")
        }
        return elements
    }
    let feature = try column("feature")
    let split = try column("split")
    let missing = try column("missing")
    let left = try column("left")
    let right = try column("right")
    var nodes: [Tree.Node] = []
    // Each node but the root, and each leaf, hangs on exactly one node before it: a tree, no cycle.
    var hung: Set<Int> = []
    for index in 0..<count {
        let place = try feature[index].integer(0..<features.count)
        let node = Tree.Node(
            feature: place,
            rule: try readRule(split[index], missing[index], feature: features[place]),
            left: try left[index].integer(-leaves.count..<count),
            right: try right[index].integer(-leaves.count..<count))
        for child in [node.left, node.right] {
            guard child < 0 || child > index, hung.insert(child).inserted else {
                throw reader.refusal("is no tree: node \(index) leads to \(child)")
            }
        }
        nodes.append(node)
    }
    return Tree(nodes: nodes, leaves: leaves)
}

private func readRule(
    _ split: ModelReader, _ missing: ModelReader, feature: Feature
) throws(LearningError) -> Tree.Rule {
    let missingGoesLeft = try missing.flag()
    guard case .categorical = feature.kind else {
        return .threshold(
            try split.number(limit: .greatestFiniteMagnitude), missingGoesLeft: missingGoesLeft)
    }
    var codes: [Int] = []
    for element in try split.elements(limit: 256) {
        let code = try element.integer(0..<feature.missingCode + 1)
        guard code > codes.last ?? -1 else { throw split.refusal("is not in rising order") }
        codes.append(code)
    }
    guard codes.contains(feature.missingCode) == missingGoesLeft else {
        throw missing.refusal("does not say what the list of codes says")
    }
    return .codes(codes)
}
