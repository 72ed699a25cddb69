import Glibc
import LinuxSystem
import Millrace
import Synchronization
import Testing
import Vault

/// Small objects are durable in the log of recent ones before they are under their own names: what a
/// power cut leaves is a vault whose log is whole and whose objects are not.
@Suite struct RecentObjectsTests {
    private static func text(_ number: Int, _ size: Int = 200) -> [UInt8] {
        Array("\(number) ".utf8)
            + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
    }

    /// Opens the vault as the next process would.
    private func restarted(_ vault: Vault) throws -> Vault {
        let next = try Vault(directory: vault.directory)
        try next.prepare()
        return next
    }

    @Test func `objects that a power cut took or tore are restored`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let digests = try (0..<50).map { try vault.store(Self.text($0)) }
            try vault.sync()
            try vault.placeAll()
            for (index, digest) in digests.enumerated() where index % 3 == 0 {
                try vault.remove(digest)
            }
            for (index, digest) in digests.enumerated() where index % 3 == 1 {
                try Files.replace(vault.path(of: digest), with: [1, 2], durable: false)
            }
            // Whoever looks before the next start is not alarmed.
            let reader = try Vault(directory: vault.directory)
            for digest in digests { #expect(try reader.verify(digest) > 200) }
            let next = try restarted(vault)
            try Files.replace(
                vault.directory.appending("recent"), with: [], durable: false)
            for digest in digests { #expect(try next.verify(digest) > 200) }
        }
    }

    @Test func `an object without a name is counted too, and once`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let bytes = (0..<20).map { Self.text($0) }
            for bytes in bytes { _ = try vault.store(bytes) }
            let size = bytes.reduce(0) { $0 + $1.count }
            #expect(try vault.measure() == (20, size))
            try vault.placeAll()
            #expect(try vault.measure() == (20, size))
        }
    }

    @Test func `an object is there for everybody as soon as it is durable`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let bytes = Self.text(7)
            let digest = try vault.store(bytes)
            #expect(vault.contains(digest))
            // Another process finds it in the log, at any moment before it has its name and after.
            let reader = try Vault(directory: vault.directory)
            #expect(reader.contains(digest))
            #expect(try reader.read(digest, limit: 1000) == bytes)
            #expect(try reader.verify(digest) == bytes.count)
            #expect(try Files.read(try vault.file(of: digest), limit: 1000) == bytes)
            #expect(try reader.read(digest, limit: 1000) == bytes)
        }
    }

    @Test func `many threads may want an object before it has its name`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let wrong = Mutex(0)
            for round in 0..<40 {
                let bytes = Self.text(round, 5000)
                let digest = try vault.store(bytes)
                let done = ThreadSemaphore()
                for reader in 0..<7 {
                    try DetachedThread.start {
                        if reader == 0 {
                            try? vault.sync()
                            vault.settle()
                        }
                        let found = try? vault.read(digest, limit: 10_000)
                        if found != bytes { wrong.withLock { $0 += 1 } }
                        done.signal()
                    }
                }
                for _ in 0..<7 { done.wait() }
            }
            #expect(wrong.withLock { $0 } == 0)
        }
    }

    @Test func `what is only in the log is cleaned out of it with its name`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let digests = try (0..<60).map { try vault.store(Self.text($0, 30_000)) }
            vault.settle()
            // The log is empty: what is there has a name.
            let recent = vault.directory.appending("recent")
            try Files.unlink(recent)
            let reader = try Vault(directory: vault.directory)
            for digest in digests { #expect(try reader.verify(digest) > 30_000) }
        }
    }

    @Test func `what was settled is not brought back`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let digest = try vault.store(Self.text(1))
            try vault.sync()
            vault.settle()
            try vault.remove(digest)
            #expect(try !restarted(vault).contains(digest))
        }
    }

    @Test func `what cannot be forced to the disk is told, and is there after a restart`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let digest = try vault.store(Self.text(1))
            try vault.sync()
            try vault.check()
            try vault.placeAll()
            // fsync(2) refuses a FIFO, as it would a broken disk.
            try vault.remove(digest)
            try #require(vault.path(of: digest).withCString { mkfifo($0, 0o600) } == 0)
            vault.settle()
            #expect(throws: VaultError.self) { try vault.check() }
            try vault.remove(digest)
            #expect(try restarted(vault).verify(digest) > 200)
        }
    }

    @Test func `a log that is damaged gives what lies before the damage`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let digests = try (0..<20).map { try vault.store(Self.text($0)) }
            try vault.sync()
            let path = vault.directory.appending("recent")
            var bytes = try Files.read(path, limit: 1 << 23)
            // In the bytes of some object: about 260 bytes a record.
            bytes[2700] ^= 1
            try Files.replace(path, with: bytes, durable: false)
            for digest in digests { try vault.remove(digest) }
            let next = try restarted(vault)
            let found = digests.map { next.contains($0) }
            #expect(found[..<10].allSatisfy { $0 })
            #expect(!found[11...].contains(true))
        }
    }

    @Test func `a log cut off at any place never gives a wrong object`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let digests = try (0..<4).map { try vault.store(Self.text($0, 40)) }
            try vault.sync()
            let path = vault.directory.appending("recent")
            let bytes = try Files.read(path, limit: 1 << 23)
            for end in stride(from: 0, through: 400, by: 13) {
                try Files.replace(path, with: Array(bytes[..<end]), durable: false)
                for digest in digests { try vault.remove(digest) }
                let next = try restarted(vault)
                let whole = digests.prefix { next.contains($0) }.count
                #expect(digests.dropFirst(whole).allSatisfy { !next.contains($0) })
                for digest in digests.prefix(whole) { #expect(try next.verify(digest) > 0) }
            }
        }
    }

    @Test func `more than the log holds goes on, and later records hide nothing`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            // Three fillings of both halves, with what came last restored.
            var last: [Digest] = []
            for round in 0..<12 {
                last = try (0..<40).map { try vault.store(Self.text(round * 1000 + $0, 60_000)) }
                try vault.sync()
            }
            let before = try last.filter { try vault.verify($0) > 0 }
            #expect(before.count == last.count)
            vault.settle()
            let fresh = try (0..<5).map { try vault.store(Self.text(90_000 + $0)) }
            try vault.sync()
            for digest in fresh { try vault.remove(digest) }
            let next = try restarted(vault)
            for digest in fresh + last { #expect(try next.verify(digest) > 0) }
        }
    }

    @Test func `empty files, the same bytes twice, and the largest small object are kept`() throws {
        try withVault { vault, _ in
            try vault.prepare()
            let digests = try [[], [7], [7], Self.text(1, (64 << 10) - 2), Self.text(2, 64 << 10)]
                .map { try vault.store($0) }
            try vault.sync()
            for digest in digests { #expect(try vault.verify(digest) >= 0) }
            for digest in Set(digests.prefix(4)) { try vault.remove(digest) }
            let next = try restarted(vault)
            for digest in digests { #expect(try next.verify(digest) >= 0) }
        }
    }
}
