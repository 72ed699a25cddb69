import MillraceDaemon

Mill.main()
