import Glibc
import LinuxSystem
import Millrace
import Testing
import Vault

/// A vault in a folder of its own under the system's temporary folder.
func withVault<R>(_ body: (Vault, FilePath) throws -> R) throws -> R {
    let folder = FilePath("/tmp/millrace-vault-\(getpid())-\(UInt64.random(in: 0 ... .max))")
    try Files.makeDirectories(folder)
    defer { removeTree(folder) }
    return try body(try Vault(directory: folder.appending("vault")), folder)
}

func removeTree(_ path: FilePath) {
    if (try? FileStatus.of(path))??.kind == .directory {
        for name in (try? Files.names(in: path)) ?? [] { removeTree(path.appending(name)) }
        _ = path.withCString { rmdir($0) }
    } else {
        try? Files.unlink(path)
    }
}

@Suite struct VaultTests {
    @Test func `what is stored is found under its SHA-256 and cannot be written to`() throws {
        try withVault { vault, _ in
            let digest = try vault.store(Array("abc".utf8))
            #expect(
                digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            try vault.sync()
            #expect(vault.contains(digest))
            #expect(try vault.read(digest, limit: 3) == Array("abc".utf8))
            #expect(try FileStatus.of(vault.path(of: digest))?.mode == 0o444)
            #expect(try vault.verify(digest) == 3)
        }
    }

    @Test func `a file is taken in as it is and nothing half copied stays behind`() throws {
        try withVault { vault, folder in
            let path = folder.appending("drop")
            let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try Files.replace(path, with: bytes, durable: false)
            let file = try FileDescriptor.open(path, O_RDONLY)
            let object = try vault.ingest(file, sizeLimit: 700_000)
            #expect(object.size == 700_000)
            #expect(try vault.read(object.digest, limit: .max) == bytes)
            #expect(throws: VaultError.self) { try vault.ingest(file, sizeLimit: 699_999) }
            #expect(try Files.names(in: vault.directory.appending("incoming")) == [])
        }
    }

    @Test func `an object torn by a crash is replaced when its bytes come again`() throws {
        try withVault { vault, _ in
            let digest = try vault.store(Array("whole".utf8))
            try Files.replace(vault.path(of: digest), with: Array("who".utf8), durable: false)
            #expect(throws: VaultError.self) { try vault.verify(digest) }
            #expect(try vault.store(Array("whole".utf8)) == digest)
            #expect(try vault.read(digest, limit: 10) == Array("whole".utf8))
        }
    }

    @Test func `what is not there is said to be missing, and removing it twice is fine`() throws {
        try withVault { vault, _ in
            let digest = try vault.store([1, 2, 3])
            try vault.remove(digest)
            try vault.remove(digest)
            #expect(!vault.contains(digest))
            #expect(throws: VaultError.self) { try vault.open(digest).close() }
        }
    }

    @Test func `leftovers of a dead process are removed and objects are kept`() throws {
        try withVault { vault, _ in
            let digest = try vault.store([7])
            let incoming = vault.directory.appending("incoming")
            try Files.makeDirectories(incoming)
            // Of a process that is no more, of one before with this one's number, and of a job that
            // goes on.
            let living = FilePath("\(getppid())-1")
            for name in [FilePath("4194303-1"), FilePath("\(getpid())-900"), living] {
                try Files.replace(incoming.appending(name), with: [0, 0], durable: false)
            }
            try vault.removeLeftovers()
            #expect(try Files.names(in: incoming) == [living])
            #expect(try vault.verify(digest) == 1)
        }
    }

    @Test func `more objects than are synced one by one become durable with one sync`() throws {
        try withVault { vault, _ in
            let digests = try (0..<100).map { try vault.store([UInt8($0), 0xAA]) }
            try vault.sync()
            for digest in digests { #expect(try vault.verify(digest) == 2) }
        }
    }
}
