import Millrace

/// Whether to ask for training: everything that the decision depends on, and the decision.
///
/// A pure function of its fields, so that it can be tried with every combination, and looked up for
/// any moment of the past.
struct RetrainQuestion {
    var policy: RetrainPolicy
    /// Rows of the dataset version that training would use.
    var rows: Int
    /// Any version of the model, in whatever stage.
    var hasModel: Bool
    var lastRequest: LastRequest?
    /// Rows in files that the dataset version of the last request did not have; all of them when
    /// there was no request.
    var newRows: Int
    /// The columns in which drift was measured just now.
    var drift: [String] = []
    /// The files of the pipeline's code that changed since the last request.
    var code: [String] = []
    /// The last run failed, or came to nothing, and the settings have changed since: a person mended
    /// them, and does not want to wait.
    var mended = false
    /// The end of the quiet hours, in quiet hours.
    var quietUntil: Timestamp?
    var now: Timestamp

    struct LastRequest {
        var time: Timestamp
        /// The run that came of it failed.
        var hasFailed: Bool
    }

    enum Answer: Equatable {
        /// For these reasons.
        case train([String])
        /// There is a reason, and this speaks against it.
        case wait(String)
        /// There is a reason, for which it is too early until then.
        case coolDown(String, until: Timestamp)
        /// There is no reason.
        case nothing
    }

    var answer: Answer {
        // Nothing can be learned from an empty dataset.
        guard rows > 0 else { return .nothing }
        let (reasons, objections) = weigh()
        if reasons.isEmpty {
            return objections.isEmpty ? .nothing : .wait(objections.joined(separator: "; "))
        }
        if let lastRequest, policy.coolDown > .zero, !mended {
            let end = lastRequest.time.advanced(bySeconds: policy.coolDown.seconds)
            if now < end {
                return .coolDown(
                    "\(reasons.joined(separator: ", ")): cooling down until \(end.toSecond), "
                        + "\(policy.coolDown) after the last request; looked at again then",
                    until: end)
            }
        }
        if let end = quietUntil, !mended {
            return .coolDown(
                "\(reasons.joined(separator: ", ")): quiet hours until \(end.toSecond); looked at "
                    + "again then", until: end)
        }
        return .train(reasons)
    }

    /// What speaks for training, and what would if the settings let it.
    private func weigh() -> (reasons: [String], objections: [String]) {
        var reasons: [String] = []
        var objections: [String] = []
        let isFirst = !hasModel && (lastRequest?.hasFailed ?? true)
        if isFirst {
            guard policy.first else {
                return (
                    [],
                    [
                        "there is no model yet, and 'retrain.first' is off: a person asks for the first"
                    ]
                )
            }
            reasons.append(
                lastRequest == nil ? "first model" : "first model: the run before failed")
        }
        if mended, !isFirst { reasons.append("the settings changed since the last run failed") }
        if !drift.isEmpty {
            let words = "drift in \(listed(drift))"
            if policy.onDrift {
                reasons.append(words)
            } else {
                objections.append("\(words), and 'retrain.onDrift' is off")
            }
        }
        // The first model takes all rows; that they are new says nothing more.
        if !isFirst, policy.newRows > 0, newRows > 0 {
            let words = newRows == 1 ? "1 new row" : "\(newRows.grouped) new rows"
            if newRows >= policy.newRows {
                reasons.append(words)
            } else {
                objections.append("\(words) of the \(policy.newRows.grouped) that ask for training")
            }
        }
        if !code.isEmpty {
            let words = "code changed: \(listed(code))"
            if policy.onCode {
                reasons.append(words)
            } else {
                objections.append("\(words), and 'retrain.onCode' is off")
            }
        }
        return (reasons, objections)
    }
}

/// The first five, and how many more.
private func listed(_ names: [String]) -> String {
    let more = names.count - 5
    let list = names.prefix(5).joined(separator: ", ")
    return more > 0 ? "\(list) and \(more) more" : list
}

extension Timestamp {
    /// To the second, for a sentence.
    var toSecond: String { description.prefix(19) + "Z" }
}
