;; returns 0: the default limit holds for a module that names no maximum
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 memory-bomb-unlimited 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    ;; 64 MiB
    (i32.ne (memory.size) (i32.const 1024))))
