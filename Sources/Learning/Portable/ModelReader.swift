import Millrace

/// A value of a model file and where it stands, so that a refusal can say where.
struct ModelReader {
    let value: JSONValue
    let place: String

    func refusal(_ message: String) -> LearningError {
        LearningError(.badModel, "this is no model that can be used: \(place) \(message)")
    }

    /// A member of an object.
    func member(_ key: String) throws(LearningError) -> ModelReader {
        guard let member = value[key] else { throw refusal("has no \"\(key)\"") }
        return ModelReader(value: member, place: place == "the file" ? key : "\(place).\(key)")
    }

    /// The elements of a list of at most `limit`.
    func elements(limit: Int) throws(LearningError) -> [ModelReader] {
        guard let elements = value.arrayValue else {
            throw refusal("is \(value.kindName), not a list")
        }
        guard elements.count <= limit else {
            throw refusal("has \(elements.count) elements; at most \(limit) are read")
        }
        return elements.enumerated().map { ModelReader(value: $1, place: "\(place)[\($0)]") }
    }

    func text() throws(LearningError) -> String {
        guard let text = value.stringValue else {
            throw refusal("is \(value.kindName), not a text")
        }
        return text
    }

    func flag() throws(LearningError) -> Bool {
        guard let flag = value.boolValue else {
            throw refusal("is \(value.kindName), not true or false")
        }
        return flag
    }

    func number(limit: Double = Portable.largestNumber) throws(LearningError) -> Double {
        guard let number = value.doubleValue else {
            throw refusal("is \(value.kindName), not a number")
        }
        guard abs(number) <= limit else { throw refusal("is beyond \(limit)") }
        return number
    }

    func integer(_ range: Range<Int>) throws(LearningError) -> Int {
        guard let integer = value.integerValue.flatMap({ Int(exactly: $0) }) else {
            throw refusal("is \(value.kindName), not a whole number")
        }
        guard range.contains(integer) else {
            throw refusal("is \(integer), outside \(range.lowerBound) to \(range.upperBound - 1)")
        }
        return integer
    }
}
