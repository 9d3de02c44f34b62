/* A Multiboot kernel: says what it was handed over, line by line, and reports 0. Any loader should start it. */
        .intel_syntax noprefix
        .globl start
#ifndef FLAGS
#define FLAGS 3
#endif

        .section .text
        .balign 4
header: .long 0x1badb002, FLAGS, -(0x1badb002 + FLAGS)
#if FLAGS & 0x10000
        .long header, image_start, image_end, bss_end, start
#else
        .long 0, 0, 0, 0, 0
#endif
        .long 0, 1024, 768, 32          /* mode: linear graphics */

start:  mov     esp, offset stack_end
        mov     ebp, ebx
        mov     ebx, offset magic
        call    say
        call    say_number              /* EAX */
        mov     eax, cr0
        and     eax, 0x80000001         /* paging and protection */
        mov     ebx, offset mode
        call    say
        call    say_number
        pushfd
        pop     eax
        and     eax, 0x20200            /* VM and IF */
        call    say_number
        mov     ebx, offset bss
        call    say
        mov     eax, [zeros]
        or      eax, [zeros_end - 4]
        call    say_number
        mov     eax, [ebp]
        test    al, 1                   /* memory sizes */
        jz      no_sizes
        mov     ebx, offset memory
        call    say
        mov     eax, [ebp + 4]
        call    say_number
        mov     eax, [ebp + 8]
        call    say_number
no_sizes:
        test    byte ptr [ebp], 4
        jz      no_line
        mov     ebx, offset line
        call    say
        mov     ebx, [ebp + 16]
        call    say
no_line:
        test    byte ptr [ebp], 8
        jz      no_modules
        mov     edi, [ebp + 24]         /* start, end, text */
        mov     ebx, offset module
        call    say
        mov     eax, [ebp + 20]
        call    say_number
        mov     eax, [edi]
        and     eax, 0xfff              /* on a page? */
        call    say_number
        mov     eax, [edi + 4]
        sub     eax, [edi]
        call    say_number
        mov     ebx, [edi]
        call    say
        mov     ebx, offset text
        call    say
        mov     ebx, [edi + 8]
        call    say
no_modules:
        test    byte ptr [ebp], 0x40
        jz      no_map
        mov     esi, [ebp + 48]
        mov     edi, [ebp + 44]
        add     edi, esi
next:   mov     ebx, offset range
        call    say
        mov     eax, [esi + 8]          /* the upper half of the base */
        call    say_number
        mov     eax, [esi + 4]
        call    say_number
        mov     eax, [esi + 12]
        call    say_number
        mov     eax, [esi + 20]
        call    say_number
        add     esi, [esi]
        add     esi, 4
        cmp     esi, edi
        jb      next
no_map: test    byte ptr [ebp + 1], 2
        jz      no_name
        mov     ebx, offset name
        call    say
        mov     ebx, [ebp + 64]
        call    say
no_name:
        mov     ebx, offset end
        call    say
        mov     al, 0
        out     0xf4, al
        cli
        hlt

say:    push    eax                     /* the text at EBX */
        mov     dx, 0x3f8
1:      mov     al, [ebx]
        inc     ebx
        test    al, al
        jz      2f
        out     dx, al
        jmp     1b
2:      pop     eax
        ret

say_number:                             /* EAX, a blank before it */
        mov     ecx, eax
        mov     dx, 0x3f8
        mov     al, ' '
        out     dx, al
        mov     ah, 8
1:      rol     ecx, 4
        mov     al, cl
        and     al, 15
        add     al, '0'
        cmp     al, '9'
        jbe     2f
        add     al, 'a' - '9' - 1
2:      out     dx, al
        dec     ah
        jnz     1b
        ret

        .section .data
magic:  .asciz  "magic"
mode:   .asciz  "\nmode"
bss:    .asciz  "\nbss"
memory: .asciz  "\nmemory"
line:   .asciz  "\nline "
module: .asciz  "\nmodule"
text:   .asciz  "\ntext "
range:  .asciz  "\nrange"
name:   .asciz  "\nname "
end:    .asciz  "\nend\n"

        .section .bss
        .balign 4096
zeros:  .skip   0x3000
zeros_end:
        .skip   0x1000
stack_end:
