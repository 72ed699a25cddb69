/// What a command gets to work with: its values, and where to write.
package struct Invocation: Sendable {
    /// The names that led here: `["plugin", "list"]`.
    package let path: [String]
    package let streams: Streams
    private let options: [String: [any Sendable]]
    private let arguments: [String: [any Sendable]]

    init(
        path: [String], options: [String: [any Sendable]], arguments: [String: [any Sendable]],
        streams: Streams
    ) {
        self.path = path
        self.options = options
        self.arguments = arguments
        self.streams = streams
    }

    /// Results.
    package var out: OutputWriter { streams.out }
    /// What is said about the results: warnings, progress.
    package var err: OutputWriter { streams.err }

    /// The option's value. An option that the command did not declare has its default.
    package subscript<Value>(option: Option<Value>) -> Value {
        option.resolve(options[option.declaration.name] ?? [])
    }

    /// The argument's value.
    package subscript<Value>(argument: Argument<Value>) -> Value {
        guard let value = argument.resolve(arguments[argument.declaration.name] ?? []) else {
            // The parser refuses a line without its required arguments.
            preconditionFailure("\(argument.declaration.name) is not declared by this command")
        }
        return value
    }
}
