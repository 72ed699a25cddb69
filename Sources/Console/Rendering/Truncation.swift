extension Text {
    /// Where characters are left out when a text does not fit.
    package enum Cut: Sendable {
        case end
        /// Keeps both ends, which is where paths and digests differ.
        case middle
    }

    /// The text, shortened to at most `width` columns; a cut is shown by `mark`.
    package func truncated(to width: Int, _ cut: Cut = .end, mark: String = "…") -> Text {
        if self.width <= width { return self }
        let room = width - displayWidth(mark)
        guard room > 0 else { return prefix(columns: max(0, width)) }
        switch cut {
        case .end:
            return prefix(columns: room) + Text(mark, .faint)
        case .middle:
            let tail = room / 2
            return prefix(columns: room - tail) + Text(mark, .faint) + suffix(columns: tail)
        }
    }

    /// The text as one line of the terminal.
    package func fitted(to terminal: Terminal, _ cut: Cut = .end) -> Text {
        truncated(to: terminal.lineMax, cut, mark: terminal.cutMark)
    }

    /// The text with spaces added up to `width` columns; longer text stays as it is.
    package func padded(to width: Int, _ alignment: Alignment = .left) -> Text {
        let missing = width - self.width
        if missing <= 0 { return self }
        switch alignment {
        case .left: return self + .spaces(missing)
        case .right: return .spaces(missing) + self
        case .center: return .spaces(missing / 2) + self + .spaces(missing - missing / 2)
        }
    }

    package enum Alignment: Sendable {
        case left
        case right
        case center
    }

    func prefix(columns: Int) -> Text {
        var result = Text()
        var left = columns
        for run in runs {
            var taken = ""
            for character in run.string {
                let width = displayWidth(character)
                if width > left { return result + Text(taken, run.style) }
                taken.append(character)
                left -= width
            }
            result.append(taken, run.style)
        }
        return result
    }

    private func suffix(columns: Int) -> Text {
        var result: [Text] = []
        var left = columns
        for run in runs.reversed() {
            var taken: [Character] = []
            for character in run.string.reversed() {
                let width = displayWidth(character)
                if width > left {
                    left = 0
                    break
                }
                taken.append(character)
                left -= width
            }
            result.append(Text(String(taken.reversed()), run.style))
            if left <= 0 { break }
        }
        return result.reversed().joined(separator: Text())
    }
}
