package import Millrace

extension Model {
    /// Reads a model file. Every index, count and number in it is checked, so that predicting with
    /// what was read can neither trap nor run for ever nor overflow.
    ///
    /// - Throws: `badModel`, with the place in the file.
    package init(bytes: [UInt8]) throws(LearningError) {
        let json: JSONValue
        do {
            json = try JSONValue(
                parsing: bytes, limits: JSONLimits(byteCount: Portable.byteCount, depth: 8))
        } catch {
            throw LearningError(.badModel, "this is no model that can be used: \(error)")
        }
        try self.init(json: json)
    }

    /// Reads a model from the value of its file.
    package init(json: JSONValue) throws(LearningError) {
        let file = ModelReader(value: json, place: "the file")
        let format = try file.member("format").text()
        guard format == Portable.format else {
            throw file.refusal("has the format \"\(format)\", not \"\(Portable.format)\"")
        }
        let version = try file.member("version")
        guard version.value.integerValue == Portable.version else {
            throw version.refusal("is not \(Portable.version); use a newer millrace")
        }
        let algorithm: Algorithm = try named(file.member("algorithm"))
        let task: LearningTask = try named(file.member("task"))
        guard algorithm.serves(task) else {
            throw file.refusal("has the task \(task.rawValue) for \(algorithm.rawValue)")
        }
        let features = try readFeatures(file.member("features"))
        let body: Body
        switch algorithm {
        case .boostedTrees:
            let trees = try readTrees(file.member("trees"), features: features)
            body = .trees(BoostedTrees(base: try file.member("base").number(), trees: trees))
        case .logisticRegression, .linearRegression:
            let terms = try readTerms(file.member("terms"), features: features)
            let intercept = try file.member("intercept").number()
            body = .linear(LinearModel(intercept: intercept, terms: terms))
        }
        self.init(
            task: task, target: try readTarget(file.member("target"), task: task),
            features: features, body: body,
            training: try readTraining(file.member("training"), algorithm: algorithm))
    }
}

private func named<Value: RawRepresentable<String> & CaseIterable>(
    _ reader: ModelReader
) throws(LearningError) -> Value {
    let name = try reader.text()
    guard let value = Value(rawValue: name) else {
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw reader.refusal("is \"\(name)\", none of \(known)")
    }
    return value
}

private func readTarget(
    _ reader: ModelReader, task: LearningTask
) throws(LearningError) -> TargetDescription {
    var classes: [String] = []
    for name in try reader.member("classes").elements(limit: 2) { classes.append(try name.text()) }
    guard classes.count == (task == .binaryClassification ? 2 : 0) else {
        throw reader.refusal("has \(classes.count) classes, which does not fit the task")
    }
    return TargetDescription(name: try reader.member("name").text(), classes: classes)
}

private func readTraining(
    _ reader: ModelReader, algorithm: Algorithm
) throws(LearningError) -> TrainingRecord {
    let seed = try reader.member("seed")
    guard let number = UInt64(try seed.text()) else { throw seed.refusal("is no number") }
    let rows = try reader.member("rows").integer(0..<Int.max)
    let place = try reader.member("parameters")
    do {
        let parameters = try TrainingParameters(place.value, for: algorithm)
        return TrainingRecord(rows: rows, seed: number, parameters: parameters)
    } catch {
        throw place.refusal("are wrong: \(error.message)")
    }
}

private func readFeatures(_ reader: ModelReader) throws(LearningError) -> [Feature] {
    var features: [Feature] = []
    var names: Set<String> = []
    for element in try reader.elements(limit: Portable.featureCount) {
        let name = try element.member("name").text()
        guard names.insert(name).inserted else {
            throw element.refusal("has the name \"\(name)\", which another feature has too")
        }
        let kind = try element.member("kind").text()
        switch kind {
        case "numeric":
            features.append(Feature(name: name, kind: .numeric))
        case "categorical":
            var levels: [String] = []
            for level in try element.member("levels").elements(limit: Portable.levelCount) {
                levels.append(try level.text())
            }
            guard Set(levels).count == levels.count else {
                throw element.refusal("has a level twice")
            }
            features.append(Feature(name: name, kind: .categorical(levels: levels)))
        default:
            throw element.refusal("has the kind \"\(kind)\", neither numeric nor categorical")
        }
    }
    return features
}

private func readTerms(
    _ reader: ModelReader, features: [Feature]
) throws(LearningError) -> [LinearModel.Term] {
    let elements = try reader.elements(limit: Portable.featureCount)
    guard elements.count == features.count else {
        throw reader.refusal("are \(elements.count) for \(features.count) features")
    }
    var terms: [LinearModel.Term] = []
    for (element, feature) in zip(elements, features) {
        switch feature.kind {
        case .numeric:
            let scale = try element.member("scale").number()
            guard scale > 0 else { throw element.refusal("has a scale that is not above 0") }
            terms.append(
                .numeric(
                    mean: try element.member("mean").number(), scale: scale,
                    coefficient: try element.member("coefficient").number(),
                    missing: try element.member("missing").number()))
        case .categorical:
            let list = try element.member("coefficients")
            var coefficients: [Double] = []
            for number in try list.elements(limit: Portable.levelCount + 2) {
                coefficients.append(try number.number())
            }
            guard coefficients.count == feature.missingCode + 1 else {
                throw list.refusal("are \(coefficients.count) for \(feature.levelCount) levels")
            }
            terms.append(.categorical(coefficients))
        }
    }
    return terms
}
