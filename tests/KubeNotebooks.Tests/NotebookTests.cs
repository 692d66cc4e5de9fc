using NUnit.Framework;

namespace KubeNotebooks.Tests;

/// <summary>Reading notebooks, and their one form in git.</summary>
public sealed class NotebookTests
{
    private const string Loose = """
        {"nbformat_minor": 2, "nbformat": 4,
         "metadata": {"kernelspec": {"name": "python3"}, "authors": [{"name": "Ä 👩"}]},
         "cells": [
          {"cell_type": "markdown", "metadata": {}, "source": "# Why?\r\nBecause."},
          {"cell_type": "code", "source": ["var a = 1;\n", "a < 2"], "execution_count": 7,
           "metadata": {"tags": ["exercise"], "zoom": 2, "execution": {}},
           "outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}]},
          {"cell_type": "code", "id": "same", "source": "a", "metadata": {}, "outputs": []},
          {"cell_type": "code", "id": "same", "source": "a", "metadata": {}, "outputs": []}
         ]}
        """;

    [Test]
    public void A_notebook_has_one_canonical_form()
    {
        var book = NotebookFile.Parse(Loose, "why.ipynb");
        var ids = book.Cells.Select(c => c.Id).ToArray();
        Assert.That(book.ToText(), Does.StartWith($$"""
            {
             "cells": [
              {
               "cell_type": "markdown",
               "id": "{{ids[0]}}",
               "metadata": {},
               "source": [
                "# Why?\n",
                "Because."
               ]
              },
              {
               "cell_type": "code",
               "execution_count": null,
               "id": "{{ids[1]}}",
               "metadata": {
                "dotnet_interactive": {
                 "language": "csharp"
                },
                "polyglot_notebook": {
                 "kernelName": "csharp"
                },
                "tags": [
                 "exercise"
                ],
                "zoom": 2
               },
               "outputs": [],
               "source": [
                "var a = 1;\n",
                "a < 2"
               ]
              },
            """));
        Assert.That(NotebookFile.Parse(book.ToText(), "why.ipynb").ToText(),
            Is.EqualTo(book.ToText()), "the form of the form is the form");
    }

    [Test]
    public void Its_metadata_is_that_of_a_notebook_in_csharp() => Assert.That(
        NotebookFile.Parse(Loose, "why.ipynb").ToText(), Does.EndWith("""
             "metadata": {
              "authors": [
               {
                "name": "Ä 👩"
               }
              ],
              "kernelspec": {
               "display_name": ".NET (C#)",
               "language": "C#",
               "name": ".net-csharp"
              },
              "language_info": {
               "name": "polyglot-notebook"
              },
              "polyglot_notebook": {
               "kernelInfo": {
                "defaultKernelName": "csharp",
                "items": [
                 {
                  "aliases": [],
                  "name": "csharp"
                 }
                ]
               }
              }
             },
             "nbformat": 4,
             "nbformat_minor": 5
            }

            """));

    [Test]
    public void Ids_are_given_where_they_miss_and_stay()
    {
        string[] Ids(string text, string name) =>
            [.. NotebookFile.Parse(text, name).Cells.Select(c => c.Id)];
        var ids = Ids(Loose, "why.ipynb");
        Assert.That(ids, Is.Unique.And.All.Match("^[a-z0-9]{4,8}$"));
        Assert.That(ids[2], Is.EqualTo("same"), "the first keeps it");
        Assert.That(Ids(Loose, "/elsewhere/why.ipynb"), Is.EqualTo(ids));
        Assert.That(Ids(Loose, "how.ipynb")[0], Is.Not.EqualTo(ids[0]));
    }

    [Test]
    public void Cells_say_what_they_hold()
    {
        var book = NotebookFile.Parse(Loose, "why.ipynb");
        Assert.That(book.Cells[1].Tags, Is.EqualTo(new[] { "exercise" }));
        Assert.That(book.Cells[1].Source, Is.EqualTo("var a = 1;\na < 2"));
        Assert.That((book.Title, book.Name), Is.EqualTo(("Why?", "why")));
    }

    [TestCase("{\n \"cells\": [,]\n}", "x.ipynb:2:12: not JSON: ")]
    [TestCase("{\"a\": 1, \"a\": 2}", "x.ipynb: not JSON: Duplicate property 'a'")]
    [TestCase("", "x.ipynb:1:1: not JSON: ")]
    [TestCase("[]", "x.ipynb: not a notebook: it has no \"nbformat\"")]
    [TestCase("{\"nbformat\": 3, \"worksheets\": []}", "x.ipynb: nbformat 3 is not read, only 4")]
    [TestCase("{\"nbformat\": 4}", "x.ipynb: not a notebook: \"cells\" is no list")]
    [TestCase("{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"heading\"}]}",
        "x.ipynb: cell 1 has the cell_type \"heading\"")]
    [TestCase("{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"code\"}]}",
        "x.ipynb: cell 1 has no source")]
    public void What_is_no_notebook_is_refused_with_its_place(string text, string told) =>
        Assert.That(() => NotebookFile.Parse(text, "x.ipynb"),
            Throws.TypeOf<NotebookException>().With.Message.StartsWith(told));

    [Test]
    public void A_missing_file_is_told() => Assert.That(
        () => NotebookFile.Read("none/x.ipynb"),
        Throws.TypeOf<NotebookException>().With.Message.EqualTo("none/x.ipynb: no such file"));
}
